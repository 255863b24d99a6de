"""EKS as its API describes it; moto's own drops most fields and knows no add-on or access entry."""
