// The Terraform AWS provider 6.34.0 in the one fork that makes it a library. The checksum database
// may not know it (`GONOSUMDB=github.com/upbound/terraform-provider-aws go mod tidy`); go.sum does.
module ekiben.local/excerpt

go 1.26.0

require github.com/hashicorp/terraform-provider-aws v0.0.0-00010101000000-000000000000

replace github.com/hashicorp/terraform-provider-aws => github.com/upbound/terraform-provider-aws v0.0.0-20260305123303-f7691456b787
