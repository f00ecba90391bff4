"""How the `mini` bundle is made: data, one trainer a stage, export."""
