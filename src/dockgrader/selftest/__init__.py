"""An assignment graded on its own cases, and on mutants of a correct one: does it see what it should see?"""
