#pragma once

// Entries of Zeek's ssh.log and ssl.log as what was seen of their servers (docs/import-zeek.md).

#include <string>
#include <unordered_map>

#include "exchange/foreign_record.h"
#include "exchange/zeek_certificates.h"
#include "exchange/zeek_log.h"

namespace hark {

// At most one sighting. Zeek keeps an MD5 of a host key and no key: of a blob that is not known no
// key can be made, which is a fault of its own. The lists are those of the hassh package.
ForeignRecord ReadZeekSsh(const ZeekEntry& entry);

// Threads: belongs to one.
class ZeekSslReader {
 public:
  ZeekSslReader();
  // At most one sighting: version, suite and group, and the leaf certificate.
  ForeignRecord Read(const ZeekEntry& entry, const ZeekCertificates& certificates) const;

 private:
  void AddTls(const ZeekEntry& entry, ForeignRecord* record) const;
  std::unordered_map<std::string, uint16_t> suites_;  // by IANA name
};

}  // namespace hark
