"""Reports for product management: what a release or a quarter brought, cost and mended."""
