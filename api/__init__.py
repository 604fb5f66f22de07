"""The HTTP and Socket.IO process."""
