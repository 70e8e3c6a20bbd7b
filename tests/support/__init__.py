"""What several tests need: wheels, indexes, images, engines."""
