"""What surrounds the application: the local stack, nginx, containers and the SQL for statistics."""
