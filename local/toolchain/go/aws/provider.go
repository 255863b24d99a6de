package main

import (
	"context"
	_ "embed"
	"encoding/json"
	"log"

	"github.com/hashicorp/terraform-provider-aws/xpprovider"
	pftfbridge "github.com/pulumi/pulumi-terraform-bridge/v3/pkg/pf/tfbridge"
	"github.com/pulumi/pulumi-terraform-bridge/v3/pkg/tfbridge"
	shim "github.com/pulumi/pulumi-terraform-bridge/v3/pkg/tfshim"
	sdkv2 "github.com/pulumi/pulumi-terraform-bridge/v3/pkg/tfshim/sdk-v2"
	"github.com/pulumi/pulumi/sdk/v3/go/common/tokens"
)

const (
	name    = "aws"
	maxName = 255
)

//go:embed tokens.json
var table []byte

// The table of tokens, by Terraform name.
type mapping struct {
	Resources map[string]tokens.Type
	Functions map[string]tokens.ModuleMember
}

// provider joins both halves of the Terraform provider and names what the table maps.
func provider(ctx context.Context, metadata []byte) tfbridge.ProviderInfo {
	var mapped mapping
	if err := json.Unmarshal(table, &mapped); err != nil {
		log.Fatalf("tokens.json: %v", err)
	}
	framework, classic, err := xpprovider.GetProvider(ctx)
	if err != nil {
		log.Fatal(err)
	}
	classic.TerraformVersion = "1.0.0+compatible" // without one, the provider asks for Terraform's
	joined := pftfbridge.MuxShimWithDisjointgPF(ctx, sdkv2.NewProvider(classic), framework)
	info := tfbridge.ProviderInfo{
		P:                 joined,
		Name:              name,
		Version:           version,
		TFProviderVersion: terraform,
		GitHubOrg:         "hashicorp",
		MetadataInfo:      tfbridge.NewProviderMetadata(metadata),
		Config:            configuration(),
		Resources:         resources(mapped.Resources),
		DataSources:       functions(mapped.Functions),
		IgnoreMappings:    unmapped(joined, mapped),
		// The classic half checks the same configuration.
		SkipValidateProviderConfigForPluginFramework: true,
	}
	for key, resource := range info.Resources {
		addChecks(resource, joined.ResourcesMap().Get(key).Schema(), classic.ResourcesMap[key] != nil)
	}
	info.SetAutonaming(maxName, "-")
	return info
}

// unmapped lists the types and functions of Terraform's that the table leaves out.
func unmapped(joined shim.Provider, mapped mapping) []string {
	var left []string
	joined.ResourcesMap().Range(func(key string, _ shim.Resource) bool {
		if _, ok := mapped.Resources[key]; !ok {
			left = append(left, key)
		}
		return true
	})
	joined.DataSourcesMap().Range(func(key string, _ shim.Resource) bool {
		if _, ok := mapped.Functions[key]; !ok {
			left = append(left, key)
		}
		return true
	})
	return left
}
