#include "worker/engine/syn_filter.h"

#include <string>
#include <unordered_map>
#include <utility>

#include "base/log.h"
#include "worker/engine/syn_packet.h"

namespace hark {
namespace {

// Jumps count instructions ahead; names keep them right.
class Assembler {
 public:
  void Do(uint16_t code, uint32_t k) { code_.push_back({code, 0, 0, k}); }
  void Label(const std::string& name) { labels_[name] = code_.size(); }
  // "": the next instruction.
  void If(uint16_t test, uint32_t k, std::string yes, std::string no) {
    jumps_.push_back({code_.size(), std::move(yes), std::move(no)});
    code_.push_back({static_cast<uint16_t>(BPF_JMP | BPF_K | test), 0, 0, k});
  }
  std::vector<sock_filter> Finish() {
    for (const Jump& jump : jumps_) {
      code_[jump.at].jt = Distance(jump.at, jump.yes);
      code_[jump.at].jf = Distance(jump.at, jump.no);
    }
    return std::move(code_);
  }

 private:
  struct Jump {
    size_t at;
    std::string yes, no;
  };

  uint8_t Distance(size_t from, const std::string& label) const {
    if (label.empty()) return 0;
    const size_t distance = labels_.at(label) - from - 1;
    HARK_CHECK(distance < 256);
    return static_cast<uint8_t>(distance);
  }

  std::vector<sock_filter> code_;
  std::vector<Jump> jumps_;
  std::unordered_map<std::string, size_t> labels_;
};

constexpr uint16_t kLoadByte = BPF_LD | BPF_B | BPF_ABS;
constexpr uint16_t kLoadHalf = BPF_LD | BPF_H | BPF_ABS;
constexpr uint16_t kByteAtX = BPF_LD | BPF_B | BPF_IND;
constexpr uint16_t kHalfAtX = BPF_LD | BPF_H | BPF_IND;
constexpr uint16_t kXIsHeaderSize = BPF_LDX | BPF_B | BPF_MSH;

void PortInRange(Assembler* a, uint16_t first, uint16_t last, const std::string& yes) {
  a->If(BPF_JGE, first, "", "drop");
  a->If(BPF_JGT, last, "drop", yes);
}

void Tcp(Assembler* a, uint16_t first, uint16_t last) {
  a->Do(kHalfAtX, 2);  // destination port
  PortInRange(a, first, last, "");
  a->Do(kByteAtX, 13);  // flags
  a->If(BPF_JSET, 0x04, "keep", "");
  a->Do(BPF_ALU | BPF_AND | BPF_K, 0x12);
  a->If(BPF_JEQ, 0x12, "keep", "drop");
}

void Icmp(Assembler* a, uint16_t first, uint16_t last) {
  a->Do(kByteAtX, 0);  // type
  a->If(BPF_JEQ, 3, "quoted", "");
  a->If(BPF_JEQ, 11, "quoted", "");
  a->If(BPF_JEQ, 12, "quoted", "drop");
  a->Label("quoted");
  a->Do(kByteAtX, 8 + 9);  // the quoted packet's protocol
  a->If(BPF_JEQ, 6, "", "drop");
  a->Do(kByteAtX, 8);  // X moves on by the quoted header
  a->Do(BPF_ALU | BPF_AND | BPF_K, 0x0f);
  a->Do(BPF_ALU | BPF_LSH | BPF_K, 2);
  a->Do(BPF_ALU | BPF_ADD | BPF_X, 0);
  a->Do(BPF_MISC | BPF_TAX, 0);
  a->Do(kHalfAtX, 8);  // source port
  PortInRange(a, first, last, "keep");
}

}  // namespace

std::vector<sock_filter> SynReplyFilter(uint16_t first_port, uint16_t last_port) {
  Assembler a;
  a.Do(kLoadHalf, 6);  // fragments but the first hold no ports
  a.If(BPF_JSET, 0x1fff, "drop", "");
  a.Do(kXIsHeaderSize, 0);
  a.Do(kLoadByte, 9);  // protocol
  a.If(BPF_JEQ, 6, "", "icmp?");
  Tcp(&a, first_port, last_port);
  a.Label("icmp?");
  a.If(BPF_JEQ, 1, "", "drop");
  Icmp(&a, first_port, last_port);
  a.Label("keep");
  a.Do(BPF_RET | BPF_K, kSynReplyKept);
  a.Label("drop");
  a.Do(BPF_RET | BPF_K, 0);
  return a.Finish();
}

}  // namespace hark
