"""What several commands of toon-train share: flags, and the path that every training takes. It is light to import."""
