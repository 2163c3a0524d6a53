"""Small inputs that once gave a wrong result, each with a test that asserts the right one."""
