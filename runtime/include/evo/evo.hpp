// SPDX-License-Identifier: Apache-2.0
/// All of the runtime's interface in one include, and its table of contents.
///
/// A module includes its generated header (`control_state.evo.hpp`) instead, and nothing from here
/// unless it needs it.
///
///     publish the latest value, or every value     StateWriter, StreamWriter, by generated classes
///     read it                                      StateReader, StreamReader, by generated classes
///     fill or read a value in place                Loan, View
///     do the same with bytes, for any schema       RawStateWriter, RawStreamWriter, and readers
///     choose a domain, set limits                  Domain, WriterOptions, ReaderOptions
///     wait for several of them, descriptors, time  WaitSet
///     run at fixed times                           cycles, WaitSet::add_cycle
///     handle an error                              Result, ErrorCode, ReadError, WriteError
///     print an error, make one                     format.hpp
///     check the age of a value                     SampleInfo::fresh, SampleInfo::age
///     set up a real-time thread                    rt::enter
///     list segments, and follow their changes      list_segments, SegmentDiscovery
///     read a segment without attaching to it       PassiveReader, CheckedSchema, read_schema
///     clean up after dead writers                  LifecycleManager, cleanup_orphaned_segments
///     replace a live writer                        fence_off_writer
///     name files, and filter untrusted text        segment_paths.hpp, text.hpp
///     count missed deadlines                       start_deadline_watch, read_deadline_watch
#pragma once

#include "evo/channel.hpp"
#include "evo/checked_schema.hpp"
#include "evo/cleanup.hpp"
#include "evo/clock.hpp"
#include "evo/cycle.hpp"
#include "evo/deadline_watch.hpp"
#include "evo/discovery.hpp"
#include "evo/domain.hpp"
#include "evo/error.hpp"
#include "evo/fencing.hpp"
#include "evo/format.hpp"
#include "evo/lifecycle_manager.hpp"
#include "evo/limits.hpp"
#include "evo/memory_share.hpp"
#include "evo/options.hpp"
#include "evo/passive_reader.hpp"
#include "evo/raw_state_reader.hpp"
#include "evo/raw_state_writer.hpp"
#include "evo/raw_stream_reader.hpp"
#include "evo/raw_stream_writer.hpp"
#include "evo/real_time.hpp"
#include "evo/schema_layout.hpp"
#include "evo/segment_info.hpp"
#include "evo/segment_paths.hpp"
#include "evo/state_reader.hpp"
#include "evo/state_writer.hpp"
#include "evo/stream_reader.hpp"
#include "evo/stream_writer.hpp"
#include "evo/text.hpp"
#include "evo/version.hpp"
#include "evo/wait_reason.hpp"
#include "evo/wait_set.hpp"
