// SPDX-License-Identifier: Apache-2.0
/// Memory: locations, messages, views, and the operations on them.
#include <fmt/format.h>

#include <algorithm>
#include <cstring>
#include <stdexcept>

#include "machine.hpp"

namespace evo::model {

namespace {

std::uint64_t raw_load(const void* address, std::size_t size) {
  std::uint64_t value = 0;
  std::memcpy(&value, address, size);
  return value;
}

bool acquires(std::memory_order order) {
  return order == std::memory_order_acquire || order == std::memory_order_acq_rel ||
         order == std::memory_order_seq_cst || order == std::memory_order_consume;
}

bool releases(std::memory_order order) {
  return order == std::memory_order_release || order == std::memory_order_acq_rel ||
         order == std::memory_order_seq_cst;
}

const char* name_of_order(std::memory_order order) {
  switch (order) {
    case std::memory_order_relaxed:
      return "relaxed";
    case std::memory_order_consume:
      return "consume";
    case std::memory_order_acquire:
      return "acquire";
    case std::memory_order_release:
      return "release";
    case std::memory_order_acq_rel:
      return "acq_rel";
    case std::memory_order_seq_cst:
      return "seq_cst";
  }
  return "?";
}

std::string base_name(const char* path) {
  const char* slash = std::strrchr(path, '/');
  return slash != nullptr ? slash + 1 : path;
}

}  // namespace

void Machine::share(const void* memory, std::size_t size) {
  const std::uint64_t begin = address_of(memory);
  regions_.push_back({begin, begin + size, regions_.size() << 32U});
}

std::size_t Machine::add_thread(Thread thread) {
  if (threads_.size() == kMostThreads) throw std::length_error("too many threads");
  threads_.push_back(std::move(thread));
  return threads_.size() - 1;
}

bool Machine::shares(const void* address) const {
  const std::uint64_t at = address_of(address);
  return std::any_of(regions_.begin(), regions_.end(),
                     [at](const Region& region) { return at >= region.begin && at < region.end; });
}

std::size_t Machine::location_of(const void* address, std::size_t size) {
  const std::uint64_t at = address_of(address);
  const auto region = std::find_if(regions_.begin(), regions_.end(), [at](const Region& each) {
    return at >= each.begin && at < each.end;
  });
  const auto [number, fresh] =
      numbers_.try_emplace(region->key + (at - region->begin), numbers_.size());
  if (fresh) {
    if (numbers_.size() > kMostLocations) throw std::length_error("too many locations");
    locations_.emplace_back();
  }
  Location& location = locations_[number->second];
  if (location.order.empty()) {
    location.address = at;
    location.size = size;
    location.order.push_back(0);
    location.first = raw_load(address, size);
  }
  if (location.size != size) throw std::logic_error("a word is accessed in two sizes");
  return number->second;
}

void Machine::join(View& into, const View& other) const {
  for (std::size_t i = 0; i < locations_.size(); ++i) {
    if (messages_[other.seen[i]].position > messages_[into.seen[i]].position) {
      into.seen[i] = other.seen[i];
      into.hash = 0;
    }
  }
  for (std::size_t i = 0; i < threads_.size(); ++i) {
    if (other.plain_loads[i] <= into.plain_loads[i]) continue;
    into.plain_loads[i] = other.plain_loads[i];
    into.hash = 0;
  }
}

std::uint64_t Machine::hash_of(const View& view) const {
  if (view.hash != 0) return view.hash;
  std::uint64_t hash = 1;
  for (std::size_t i = 0; i < numbers_.size(); ++i) {
    if (view.seen[i] != 0) hash = mix(hash, mix(i, messages_[view.seen[i]].key));
  }
  for (std::size_t i = 0; i < threads_.size(); ++i) hash = mix(hash, view.plain_loads[i]);
  view.hash = hash;
  return hash;
}

/// The memory order of an operation, weakened if it is the mutated one.
std::memory_order Machine::effective(const Operation& operation) {
  if (operation.order == std::memory_order_relaxed) return operation.order;
  const auto key = mix(mix(mix(address_of(operation.file), operation.line),
                           static_cast<std::uint64_t>(operation.order)),
                       address_of(operation.name));
  auto [entry, fresh] = known_sites_.try_emplace(key);
  if (fresh) {
    const Site site{base_name(operation.file), operation.line,
                    std::string(operation.name) + " " + name_of_order(operation.order)};
    result_.sites.insert(site);
    entry->second = mutation_ != nullptr && mutation_->site == site;
  }
  if (!entry->second) return operation.order;
  return mutation_->to_acq_rel ? std::memory_order_acq_rel : std::memory_order_relaxed;
}

MessageId Machine::append(std::size_t location, std::uint64_t value, View view,
                          std::size_t position) {
  const auto id = static_cast<MessageId>(messages_.size());
  Thread& self = threads_[self_];
  auto& order = locations_[location].order;
  order.insert(order.begin() + static_cast<std::ptrdiff_t>(position), id);
  messages_.emplace_back();
  for (std::size_t i = position; i < order.size(); ++i) {
    messages_[order[i]].position = static_cast<std::uint16_t>(i);
  }
  Message& message = messages_.back();
  message.value = value;
  message.key = mix(self_ + 1, ++self.stores);
  self.current.seen[location] = id;
  self.current.hash = 0;
  view.seen[location] = id;
  view.hash = 0;
  message.view = view;
  message.hash = mix(mix(mix(message.key, location), value), hash_of(view));
  return id;
}

void Machine::note(const Operation& operation, const void* address, std::uint64_t value) {
  Thread& self = threads_[self_];
  self.history = mix(mix(self.history, operation.line), value);
  if (!trace_) return;
  steps_.push_back(fmt::format("thread {}: {} {} {:#x} {} at {}:{}", self_, operation.name,
                               address == nullptr ? "" : name_of(address_of(address)), value,
                               name_of_order(operation.order), base_name(operation.file),
                               operation.line));
}

std::string Machine::name_of(std::uint64_t address) const {
  for (std::size_t i = 0; i < regions_.size(); ++i) {
    if (address >= regions_[i].begin && address < regions_[i].end) {
      return fmt::format("memory {} + {}", i, address - regions_[i].begin);
    }
  }
  return "elsewhere";
}

std::uint64_t Machine::value_of(const Location& location, MessageId id) const {
  return id == 0 ? location.first : messages_[id].value;
}

bool Machine::is_read_by_update(const Location& location, MessageId id) const {
  return id == 0 ? location.first_read_by_update : messages_[id].read_by_update;
}

/// What a thread learns that loads a message.
void Machine::learn(Thread& self, std::size_t location, MessageId id, std::memory_order order) {
  self.current.seen[location] = id;
  self.current.hash = 0;
  if (id == 0) return;  // it was there before the threads began
  join(self.acquired, messages_[id].view);
  if (acquires(order)) join(self.current, messages_[id].view);
}

/// Whether a word changes is learned on the way. If one turns out to, the search starts again.
void Machine::changes(std::size_t location) {
  if (!changing_.insert(location).second) return;
  start_again_ = true;
  abandon_execution();
}

void Machine::check_plain_loads(const Location& location) {
  for (std::size_t i = 0; i < threads_.size(); ++i) {
    if (i == self_ || location.plain_loads[i] <= threads_[self_].current.plain_loads[i]) continue;
    violation("a value is overwritten while it is used in place");
  }
}

/// One of the stores that a load may return; the newest first.
MessageId Machine::choose_message(std::size_t location) {
  const auto& order = locations_[location].order;
  const std::size_t oldest = messages_[threads_[self_].current.seen[location]].position;
  return order[order.size() - 1 - decisions_.choose(order.size() - oldest)];
}

std::uint64_t Machine::load(const void* address, std::size_t size, Operation operation) {
  const std::size_t number = location_of(address, size);
  // The order of steps cannot matter to a word that never changes.
  if (!changing_.contains(number)) return locations_[number].first;
  before_step();
  const std::memory_order order = effective(operation);
  const MessageId id = choose_message(number);
  learn(threads_[self_], number, id, order);
  const std::uint64_t value = value_of(locations_[number], id);
  note(operation, address, value);
  return value;
}

void Machine::store(void* address, std::size_t size, std::uint64_t value, Operation operation) {
  const std::size_t number = location_of(address, size);
  changes(number);
  before_step();
  const std::memory_order order = effective(operation);
  const Location& location = locations_[number];
  Thread& self = threads_[self_];
  check_plain_loads(location);
  // After anything from the newest store that this thread has seen on, but not between an update
  // and the store that it has read.
  std::vector<std::size_t> places;
  for (std::size_t i = location.order.size();
       i-- > messages_[self.current.seen[number]].position;) {
    if (!is_read_by_update(location, location.order[i])) places.push_back(i + 1);
  }
  const std::size_t place = places[decisions_.choose(places.size())];
  append(number, value, releases(order) ? self.current : self.released, place);
  if (place + 1 == locations_[number].order.size()) std::memcpy(address, &value, size);
  note(operation, address, value);
}

std::uint64_t Machine::update(
    void* address, std::size_t size,
    const std::function<std::optional<std::uint64_t>(std::uint64_t)>& change, Operation operation,
    std::memory_order failure) {
  const std::size_t number = location_of(address, size);
  changes(number);
  before_step();
  const std::memory_order order = effective(operation);
  failure = effective({"failed exchange", failure, operation.file, operation.line});
  Location& location = locations_[number];
  Thread& self = threads_[self_];
  std::vector<std::size_t> readable;
  for (std::size_t i = location.order.size();
       i-- > messages_[self.current.seen[number]].position;) {
    const MessageId id = location.order[i];
    if (!change(value_of(location, id)) || !is_read_by_update(location, id)) readable.push_back(i);
  }
  const std::size_t place = readable[decisions_.choose(readable.size())];
  const MessageId id = location.order[place];
  const std::uint64_t old = value_of(location, id);
  const auto changed = change(old);
  learn(self, number, id, changed ? order : failure);
  note(operation, address, old);
  if (!changed) return old;
  check_plain_loads(location);
  View view = releases(order) ? self.current : self.released;
  join(view, messages_[id].view);  // an update continues the release sequence
  (id == 0 ? location.first_read_by_update : messages_[id].read_by_update) = true;
  append(number, *changed, view, place + 1);
  if (place + 2 == locations_[number].order.size()) std::memcpy(address, &*changed, size);
  return old;
}

void Machine::full_fence(Thread& thread) {
  join(thread.current, thread.acquired);
  join(everyone_, thread.current);
  everyone_.hash = 0;
  everyone_.plain_loads = {};  // the order of fences alone does not order plain accesses
  join(thread.current, everyone_);
  thread.released = thread.current;
}

void Machine::fence(Operation operation) {
  before_step();
  const std::memory_order order = effective(operation);
  Thread& self = threads_[self_];
  if (order == std::memory_order_seq_cst) {
    full_fence(self);
  } else {
    if (acquires(order)) join(self.current, self.acquired);
    if (releases(order)) self.released = self.current;
  }
  note(operation, nullptr, 0);
}

std::uint64_t Machine::plain_load(const void* address, std::size_t size) {
  before_step();
  const std::size_t number = location_of(address, size);
  Location& location = locations_[number];
  Thread& self = threads_[self_];
  location.plain_loads[self_] = ++self.current.plain_loads[self_];
  self.current.hash = 0;
  const MessageId newest = location.order.back();
  if (self.current.seen[number] != newest) violation("a value is used in place before it is there");
  const std::uint64_t value = value_of(location, newest);
  note({"plain load", std::memory_order_relaxed, "", 0}, address, value);
  return value;
}

}  // namespace evo::model
