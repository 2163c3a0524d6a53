"""What people write: workflow files, what stands in them, what two of them differ in."""
