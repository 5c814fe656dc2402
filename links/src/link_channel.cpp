// SPDX-License-Identifier: Apache-2.0
#include "link_channel.hpp"

#include "evo/format.hpp"

namespace evo::links {

Result<ChannelDescription> channel_of(const LinkDescription& link) {
  if (link.max_message == 0 || link.max_message > kLongestMessage) {
    return make_error(ErrorCode::InvalidSize,
                      "link '{}' has messages of up to {} bytes; max_message is 1 byte to 10 MiB",
                      link.name, link.max_message);
  }
  if (link.warm_clients > link.max_clients) {
    return make_error(ErrorCode::InvalidSize,
                      "link '{}' has {} warm connections, but only {} connections; lower "
                      "warm_clients or raise max_clients",
                      link.name, link.warm_clients, link.max_clients);
  }
  return ChannelDescription{.name = link.name,
                            .owner = link.owner,
                            .kind = Kind::Link,
                            .size = link.ring,
                            .slots = link.max_clients,
                            .max_readers = link.max_clients,
                            .stamp = Stamp::None,
                            .checksum = link.checksum,
                            .access = link.access,
                            .version = link.version,
                            .schema_id = link.schema_id,
                            .compatible = link.compatible,
                            .fields = {},
                            .bfbs = link.bfbs};
}

}  // namespace evo::links
