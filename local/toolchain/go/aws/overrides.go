package main

import (
	"strings"

	"github.com/pulumi/pulumi-terraform-bridge/v3/pkg/tfbridge"
	"github.com/pulumi/pulumi/sdk/v3/go/common/tokens"
)

// What pulumi-aws does to the types and functions of the table beyond the bridge's own rules.

type fields = map[string]*tfbridge.SchemaInfo

func configuration() fields {
	secret := &tfbridge.SchemaInfo{Secret: tfbridge.True()}
	return fields{
		"region": {
			Default: &tfbridge.DefaultInfo{EnvVars: []string{"AWS_REGION", "AWS_DEFAULT_REGION"}},
		},
		"skip_region_validation":      {Default: &tfbridge.DefaultInfo{Value: true}},
		"skip_credentials_validation": {Default: &tfbridge.DefaultInfo{Value: false}},
		"skip_metadata_api_check":     {Type: "boolean"},
		"access_key":                  secret,
		"secret_key":                  secret,
		"token":                       secret,
	}
}

// Only one of these may exist at a time, or the new one is the old one.
var replacedByDeletion = []string{"aws_ecr_lifecycle_policy", "aws_iam_role_policy_attachment"}

func resources(mapped map[string]tokens.Type) map[string]*tfbridge.ResourceInfo {
	changed := changedFields()
	made := map[string]*tfbridge.ResourceInfo{}
	for key, token := range mapped {
		made[key] = &tfbridge.ResourceInfo{Tok: token, Fields: changed[key]}
		if made[key].Fields == nil {
			made[key].Fields = fields{}
		}
	}
	for _, key := range replacedByDeletion {
		made[key].DeleteBeforeReplace = true
	}
	return made
}

func functions(mapped map[string]tokens.ModuleMember) map[string]*tfbridge.DataSourceInfo {
	made := map[string]*tfbridge.DataSourceInfo{}
	for key, token := range mapped {
		made[key] = &tfbridge.DataSourceInfo{Tok: token}
	}
	made["aws_eks_cluster"].Fields = fields{"vpc_config": {MaxItemsOne: tfbridge.True()}}
	return made
}

func changedFields() map[string]fields {
	managed := &tfbridge.DefaultInfo{Value: "Managed by Pulumi"}
	return map[string]fields{
		"aws_cloudwatch_event_rule":   {"name": tfbridge.AutoName("name", 64, "-")},
		"aws_cloudwatch_event_target": {"target_id": tfbridge.AutoName("targetId", maxName, "-")},
		"aws_default_security_group":  {"ingress": named("ingress"), "egress": named("egress")},
		"aws_ecr_lifecycle_policy":    {"policy": document()},
		"aws_eks_cluster": {
			"certificate_authority": {Name: "certificateAuthority", MaxItemsOne: tfbridge.True()},
		},
		"aws_eks_node_group":  {"node_group_name": tfbridge.AutoName("nodeGroupName", maxName, "-")},
		"aws_iam_policy":      {"policy": document()},
		"aws_iam_role_policy": {"policy": document()},
		"aws_iam_role": {
			"name":               tfbridge.AutoName("name", 64, "-"),
			"assume_role_policy": document(),
			"inline_policy": {Elem: &tfbridge.SchemaInfo{
				Fields: fields{"name": tfbridge.AutoName("name", 128, "-")},
			}},
		},
		"aws_lb_target_group": {"deregistration_delay": {Type: "integer"}},
		"aws_kms_alias":       {"name": nameThat(238, startsWithAlias)},
		"aws_route53_record": {
			"name":                       named("name"), // the record's own name, never made up
			"alias":                      list("aliases"),
			"geolocation_routing_policy": list("geolocationRoutingPolicies"),
			"latency_routing_policy":     list("latencyRoutingPolicies"),
			"failover_routing_policy":    list("failoverRoutingPolicies"),
			"weighted_routing_policy":    list("weightedRoutingPolicies"),
		},
		"aws_s3_bucket": {
			"bucket": tfbridge.AutoNameTransform("bucket", 63, strings.ToLower),
			"policy": document(),
		},
		"aws_security_group": {
			"description": {Default: managed},
			"ingress":     named("ingress"),
			"egress":      named("egress"),
		},
		"aws_sqs_queue":        {"name": nameThat(80, endsWithFifo)},
		"aws_sqs_queue_policy": {"policy": document()},
	}
}

func named(property string) *tfbridge.SchemaInfo {
	return &tfbridge.SchemaInfo{Name: property}
}

// list is a block of at most one that pulumi-aws shows as a list all the same.
func list(property string) *tfbridge.SchemaInfo {
	return &tfbridge.SchemaInfo{Name: property, MaxItemsOne: tfbridge.False()}
}

// document is JSON that may be given as a string or as what it means.
func document() *tfbridge.SchemaInfo {
	return &tfbridge.SchemaInfo{Type: "string", Transform: tfbridge.TransformJSONDocument}
}

func nameThat(length int, rule func(*tfbridge.PulumiResource, string) (string, error)) *tfbridge.SchemaInfo {
	return tfbridge.AutoNameWithCustomOptions("name", tfbridge.AutoNameOptions{
		Separator: "-", Maxlen: length, Randlen: 7, PostTransform: rule,
	})
}

func startsWithAlias(_ *tfbridge.PulumiResource, name string) (string, error) {
	return "alias/" + strings.TrimPrefix(name, "alias/"), nil
}

func endsWithFifo(queue *tfbridge.PulumiResource, name string) (string, error) {
	if fifo, ok := queue.Properties["fifoQueue"]; ok && fifo.IsBool() && fifo.BoolValue() {
		return name + ".fifo", nil
	}
	return name, nil
}
