"""Operations and memory of the user's own: `Function` on Tensors, and hooks on what is saved."""
