"""What people do at night, by kind: tables of steps that play chooses from."""
