"""Operations of scripts on workflows: set inputs, vary values, select outputs."""
