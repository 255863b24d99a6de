// The AWS provider for tests and offline previews: the official Terraform AWS provider under
// Pulumi's Terraform bridge, as the official pulumi-aws plugin is, but with the types and functions
// of tokens.json only. It reads the schema and the metadata that lie beside it;
// `pulumi-resource-aws schema --out <folder>` writes them.
package main

import (
	"context"
	"log"
	"os"
	"path/filepath"

	"github.com/pulumi/pulumi-terraform-bridge/v3/pkg/pf/tfbridge"
	"github.com/pulumi/pulumi-terraform-bridge/v3/pkg/pf/tfgen"
)

// Set by the linker: of the pulumi-aws whose tokens and property names these are, and of the
// Terraform provider within.
var version, terraform = "0.0.0", "0.0.0"

func main() {
	ctx := context.Background()
	// The engine's own first argument is an address.
	if len(os.Args) > 1 && os.Args[1] == "schema" {
		tfgen.MainWithMuxer(name, provider(ctx, nil))
		return
	}
	tfbridge.MainWithMuxer(ctx, name, provider(ctx, beside("bridge-metadata.json")), beside("schema.json"))
}

// beside reads a file that lies in the program's own folder.
func beside(file string) []byte {
	program, err := os.Executable()
	if err != nil {
		log.Fatal(err)
	}
	text, err := os.ReadFile(filepath.Join(filepath.Dir(program), file))
	if err != nil {
		log.Fatal(err)
	}
	return text
}
