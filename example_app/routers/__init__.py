"""The endpoints, a file for each subject; what not to do stands in `anti_patterns`, in files of the same names."""
