//! The journal against real files.

mod adopting;
mod alarms;
mod beginning;
mod files;
mod fixture;
mod reading;
mod recording;
mod refunding;
mod storage;
