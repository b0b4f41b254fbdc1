"""The audit log, for those who administer the tenant. An addition of ours."""
