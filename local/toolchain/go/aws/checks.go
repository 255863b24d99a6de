package main

import (
	"context"
	"strings"

	"github.com/pulumi/pulumi-terraform-bridge/v3/pkg/tfbridge"
	shim "github.com/pulumi/pulumi-terraform-bridge/v3/pkg/tfshim"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
)

// Terraform fills in a resource's region and all of its tags from the provider's configuration while
// it refreshes. The bridge plans without refreshing, so pulumi-aws fills them in before: so do we.

type properties = resource.PropertyMap

func addChecks(info *tfbridge.ResourceInfo, schema shim.SchemaMap, classic bool) {
	region, hasRegion := schema.GetOk("region")
	fillsRegion := hasRegion && region.Deprecated() == ""
	fillsTags := classic && takesTags(schema)
	if fillsTags {
		// Terraform lets one set it; nobody should.
		info.Fields["tags_all"] = &tfbridge.SchemaInfo{
			MarkAsComputedOnly: tfbridge.True(), MarkAsOptional: tfbridge.False(),
		}
	}
	info.PreCheckCallback = func(_ context.Context, given, provider properties) (properties, error) {
		filled := given.Copy()
		if fillsRegion {
			fillRegion(filled, provider)
		}
		if fillsTags {
			filled["tagsAll"] = allTags(given, provider)
		}
		return filled, nil
	}
}

func takesTags(schema shim.SchemaMap) bool {
	tags, ok := schema.GetOk("tags")
	_, all := schema.GetOk("tags_all")
	return ok && all && (tags.Optional() || !tags.Computed())
}

func fillRegion(filled, provider properties) {
	if region, ok := provider["region"]; ok && !region.IsNull() && !filled.HasValue("region") {
		filled["region"] = region
	}
}

// allTags joins the provider's default tags and the resource's own, which win, and leaves out those
// that the provider ignores. It is unknown as long as any of them is.
func allTags(given, provider properties) resource.PropertyValue {
	own := given["tags"]
	if own.ContainsUnknowns() || resource.NewObjectProperty(provider).ContainsUnknowns() {
		return resource.NewOutputProperty(resource.Output{Known: false})
	}
	all := properties{}
	for _, tags := range []resource.PropertyValue{within(provider, "defaultTags", "tags"), own} {
		if tags.IsObject() {
			for key, value := range tags.ObjectValue() {
				all[key] = value
			}
		}
	}
	for key := range all {
		if ignored(string(key), provider) {
			delete(all, key)
		}
	}
	return resource.NewObjectProperty(all)
}

func ignored(key string, provider properties) bool {
	for _, name := range texts(within(provider, "ignoreTags", "keys")) {
		if key == name {
			return true
		}
	}
	for _, prefix := range texts(within(provider, "ignoreTags", "keyPrefixes")) {
		if strings.HasPrefix(key, prefix) {
			return true
		}
	}
	return false
}

func within(provider properties, outer, inner resource.PropertyKey) resource.PropertyValue {
	if block := provider[outer]; block.IsObject() {
		return block.ObjectValue()[inner]
	}
	return resource.NewNullProperty()
}

func texts(list resource.PropertyValue) []string {
	var found []string
	if list.IsArray() {
		for _, item := range list.ArrayValue() {
			if item.IsString() {
				found = append(found, item.StringValue())
			}
		}
	}
	return found
}
