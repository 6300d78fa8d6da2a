//! Tests over the documents.
