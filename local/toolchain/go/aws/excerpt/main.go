// Excerpt takes out of the Terraform AWS provider what the types and functions in ../tokens.json
// need, and writes it to ../provider. Whole, the provider is 260 services and builds for an hour.
//
// Files are copied as they are, but for the two that name every service: these are shortened.
package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"go/build"
	"log"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"regexp"
	"strings"

	_ "github.com/hashicorp/terraform-provider-aws/version" // keeps the module's hash in go.sum
)

const (
	module   = "github.com/hashicorp/terraform-provider-aws"
	entrance = "xpprovider"
	services = "internal/service"
	packages = "internal/provider/sdkv2/service_packages_gen.go"
	clients  = "internal/conns/awsclient_gen.go"
	target   = "../provider"
)

var clientName = regexp.MustCompile(`\.(\w+Client)\b`)

func main() {
	log.SetFlags(0)
	log.SetPrefix("excerpt: ")
	if err := run(); err != nil {
		log.Fatal(err)
	}
}

func run() error {
	source, err := folder()
	if err != nil {
		return err
	}
	names, err := tableNames("../tokens.json")
	if err != nil {
		return err
	}
	wanted, err := servicesOf(source, names)
	if err != nil {
		return err
	}
	files, err := reach(source, append([]string{entrance}, wanted...))
	if err != nil {
		return err
	}
	used, err := copyAll(source, files)
	if err != nil {
		return err
	}
	kept := map[string]bool{}
	for _, service := range wanted {
		kept[path.Base(service)] = true
	}
	if err := shorten(source, packages, func(pkg string) bool { return kept[pkg] }, nil); err != nil {
		return err
	}
	return shorten(source, clients, nil, func(method string) bool { return used[method] })
}

// folder gives the place of the module's verified copy, which is there since this was compiled.
func folder() (string, error) {
	said, err := exec.Command("go", "list", "-m", "-f", "{{.Dir}}", module).Output()
	if err != nil {
		return "", fmt.Errorf("go list: %w", err)
	}
	return strings.TrimSpace(string(said)), nil
}

// tableNames gives the Terraform names that are in the table of tokens.
func tableNames(file string) ([]string, error) {
	text, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	var tables map[string]map[string]string
	if err := json.Unmarshal(text, &tables); err != nil {
		return nil, err
	}
	var names []string
	for _, table := range tables {
		for name := range table {
			names = append(names, name)
		}
	}
	return names, nil
}

// servicesOf gives the folders of the services that the names belong to.
func servicesOf(source string, names []string) ([]string, error) {
	found := map[string]bool{}
	var wanted []string
	registers, err := filepath.Glob(filepath.Join(source, services, "*", "service_package_gen.go"))
	if err != nil {
		return nil, err
	}
	for _, register := range registers {
		text, err := os.ReadFile(register)
		if err != nil {
			return nil, err
		}
		before := len(found)
		for _, name := range names {
			if strings.Contains(string(text), fmt.Sprintf("TypeName: %q", name)) {
				found[name] = true
			}
		}
		if len(found) > before {
			wanted = append(wanted, path.Join(services, filepath.Base(filepath.Dir(register))))
		}
	}
	for _, name := range names {
		if !found[name] {
			return nil, fmt.Errorf("no service of the provider has %s", name)
		}
	}
	return wanted, nil
}

// reach gives the files of these packages and of all that they import from the module, each in its
// place there. What the register of services imports does not count.
func reach(source string, folders []string) ([]string, error) {
	files := []string{"go.mod"}
	seen := map[string]bool{}
	for len(folders) > 0 {
		folder := folders[0]
		folders = folders[1:]
		if seen[folder] {
			continue
		}
		seen[folder] = true
		found, err := build.Default.ImportDir(filepath.Join(source, folder), 0)
		if err != nil && !errors.As(err, new(*build.NoGoError)) {
			return nil, err
		}
		for _, name := range found.GoFiles {
			files = append(files, path.Join(folder, name))
		}
		for _, pattern := range found.EmbedPatterns {
			embedded, err := filepath.Glob(filepath.Join(source, folder, pattern))
			if err != nil {
				return nil, err
			}
			for _, file := range embedded {
				files = append(files, strings.TrimPrefix(filepath.ToSlash(file), source+"/"))
			}
		}
		for _, imported := range found.Imports {
			inside, ours := strings.CutPrefix(imported, module+"/")
			registered := folder == path.Dir(packages) && strings.HasPrefix(inside, services+"/")
			if ours && !registered {
				folders = append(folders, inside)
			}
		}
	}
	return files, nil
}

// copyAll copies the files and gives the names of all clients of AWS that they call.
func copyAll(source string, files []string) (map[string]bool, error) {
	if err := os.RemoveAll(target); err != nil {
		return nil, err
	}
	used := map[string]bool{}
	for _, file := range files {
		text, err := os.ReadFile(filepath.Join(source, file))
		if err != nil {
			return nil, err
		}
		if file != clients {
			for _, hit := range clientName.FindAllSubmatch(text, -1) {
				used[string(hit[1])] = true
			}
		}
		if err := write(file, text); err != nil {
			return nil, err
		}
	}
	return used, nil
}

func write(file string, text []byte) error {
	place := filepath.Join(target, file)
	if err := os.MkdirAll(filepath.Dir(place), 0o755); err != nil {
		return err
	}
	return os.WriteFile(place, text, 0o644)
}
