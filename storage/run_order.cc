#include "storage/run_order.h"

#include "base/bytes.h"
#include "keys/key_id.h"

namespace hark {

uint64_t PermutationKey(const proto::RunRow& run) {
  ByteWriter out;
  out.U64(run.seed());
  out.Bytes(run.target_set());
  return ByteReader(Sha256(out.str())).U64();
}

}  // namespace hark
