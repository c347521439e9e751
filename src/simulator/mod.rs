//! The simulated providers: real HTTP on loopback, virtual terminals, faults on demand.
