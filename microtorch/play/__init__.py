"""`microtorch play`: a network to play with, trained on this machine and watched in the browser."""
