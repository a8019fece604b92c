"""What is answered, one module per page of the operation table."""
