"""What a script does with workflows: set inputs, vary values, name outputs."""
