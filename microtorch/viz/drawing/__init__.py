"""Records as Graphviz, SVG and text."""
