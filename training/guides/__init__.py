"""What guides a training beside its photographs: masks of skin and hair, and a drawn geometry."""
