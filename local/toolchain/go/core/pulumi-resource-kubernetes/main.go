// The official Pulumi plugin for Kubernetes. Its module is a library for anyone but its own
// repository, because the files it embeds are generated there; this main embeds the module's
// schema and mapping, which the build lays beside it.
package main

import (
	_ "embed"

	"github.com/pulumi/pulumi-kubernetes/provider/v4/pkg/provider"
	"github.com/pulumi/pulumi-kubernetes/provider/v4/pkg/version"
)

//go:embed schema.json
var schema []byte

//go:embed terraform-mapping.json
var mapping []byte

func main() {
	provider.Serve("kubernetes", version.Version, schema, mapping)
}
