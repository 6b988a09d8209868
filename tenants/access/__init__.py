"""Who may see what. So far: masks, which show enough of a sealed value to recognise it and never all of it."""
