//! What only the whole of Freewheel can show: see the test targets beside this file.
