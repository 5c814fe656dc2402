// SPDX-License-Identifier: Apache-2.0
/// Typed endpoints of channels that tests describe by hand; generated ones look the same.
#pragma once

#include "evo/state_reader.hpp"
#include "evo/state_writer.hpp"

namespace evo::test {

template <class Channel>
class TypedWriter : public StateWriter<Channel> {
 public:
  [[nodiscard]] static Result<TypedWriter> create(WriterOptions options) {
    return StateWriter<Channel>::template create_as<TypedWriter>(std::move(options));
  }

 private:
  friend class StateWriter<Channel>;
  using StateWriter<Channel>::StateWriter;
};

template <class Channel>
class TypedReader : public StateReader<Channel> {
 public:
  [[nodiscard]] static Result<TypedReader> attach(ReaderOptions options) {
    return StateReader<Channel>::template attach_as<TypedReader>(std::move(options));
  }

  template <class Field, std::size_t kOffset>
  [[nodiscard]] tl::expected<Field, ReadError> get() const noexcept {
    return this->template field<Field, kOffset>();
  }

 private:
  friend class StateReader<Channel>;
  using StateReader<Channel>::StateReader;
};

}  // namespace evo::test
