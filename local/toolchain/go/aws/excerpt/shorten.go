package main

import (
	"bytes"
	"go/ast"
	"go/format"
	"go/parser"
	"go/token"
	"path"
	"path/filepath"
	"slices"
	"strconv"
)

// shorten copies a generated file without the list entries that call a function of a package, and
// without the methods, that are not kept, and then without the imports that nothing uses any more.
// Where there is nothing to ask, everything is kept.
func shorten(source, file string, keepPackage, keepMethod func(string) bool) error {
	positions := token.NewFileSet()
	parsed, err := parser.ParseFile(positions, filepath.Join(source, file), nil, parser.SkipObjectResolution)
	if err != nil {
		return err
	}
	if keepPackage != nil {
		ast.Inspect(parsed, func(node ast.Node) bool {
			if list, ok := node.(*ast.CompositeLit); ok {
				list.Elts = slices.DeleteFunc(list.Elts, func(entry ast.Expr) bool {
					pkg, calls := calledPackage(entry)
					return calls && !keepPackage(pkg)
				})
			}
			return true
		})
	}
	if keepMethod != nil {
		parsed.Decls = slices.DeleteFunc(parsed.Decls, func(declared ast.Decl) bool {
			function, ok := declared.(*ast.FuncDecl)
			return ok && function.Recv != nil && !keepMethod(function.Name.Name)
		})
	}
	dropUnusedImports(parsed)
	var text bytes.Buffer
	if err := format.Node(&text, positions, parsed); err != nil {
		return err
	}
	return write(file, text.Bytes())
}

// calledPackage gives P of an expression P.F(...).
func calledPackage(entry ast.Expr) (string, bool) {
	call, ok := entry.(*ast.CallExpr)
	if !ok {
		return "", false
	}
	function, ok := call.Fun.(*ast.SelectorExpr)
	if !ok {
		return "", false
	}
	pkg, ok := function.X.(*ast.Ident)
	if !ok {
		return "", false
	}
	return pkg.Name, true
}

func dropUnusedImports(parsed *ast.File) {
	used := map[string]bool{}
	ast.Inspect(parsed, func(node ast.Node) bool {
		if selector, ok := node.(*ast.SelectorExpr); ok {
			if name, ok := selector.X.(*ast.Ident); ok {
				used[name.Name] = true
			}
		}
		return true
	})
	for _, declared := range parsed.Decls {
		if imports, ok := declared.(*ast.GenDecl); ok && imports.Tok == token.IMPORT {
			imports.Specs = slices.DeleteFunc(imports.Specs, func(spec ast.Spec) bool {
				return !used[importedName(spec.(*ast.ImportSpec))]
			})
		}
	}
}

func importedName(spec *ast.ImportSpec) string {
	if spec.Name != nil {
		return spec.Name.Name
	}
	imported, _ := strconv.Unquote(spec.Path.Value) // the parser has read it
	return path.Base(imported)
}
