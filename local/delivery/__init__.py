"""How events and messages reach those who wait for them, where MiniStack delivers otherwise than AWS."""
