"""Who is told when runs of an automation end badly. An addition of ours."""
