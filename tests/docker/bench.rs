//! Figures beside the docker command line.
