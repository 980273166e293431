"""What a service is: its folder, its processes, its versions and its databases."""
