//! Whole learners, in small worlds whose optimum is known.
