"""From a working solution to the draft of an assignment."""
