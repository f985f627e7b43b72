"""Who can speak: packs, blends of them, the choice for a request, how loud each is by itself."""
