#include "envpack/oci/target.hpp"

#include "envpack/oci/archive_target.hpp"
#include "envpack/oci/image_index.hpp"
#include "envpack/oci/layout_target.hpp"
#include "envpack/oci/memory_target.hpp"
#include "oci/images.hpp"

#include <chrono>
#include <csignal>
#include <filesystem>
#include <set>
#include <string>
#include <sys/stat.h>
#include <sys/wait.h>
#include <thread>
#include <unistd.h>
#include <vector>

#include <gtest/gtest.h>

namespace envpack::oci {
namespace {

namespace fs = std::filesystem;
using test::must;
using test::put;
using test::slurp;
using test::TempFolder;
using test::verdict;

enum class Kind { layout, memory, oci_archive, docker_archive };

/// What every Target promises, for each of them.
class TargetContract : public testing::TestWithParam<Kind> {
protected:
    TempFolder scratch_;
    std::shared_ptr<Target> target_ = make();

    std::shared_ptr<Target> make() const {
        switch (GetParam()) {
            case Kind::layout:
                return must(LayoutTarget::open_or_create(scratch_ / "layout"));
            case Kind::memory:
                return std::make_shared<MemoryTarget>();
            case Kind::oci_archive:
                return must(
                    ArchiveTarget::create(scratch_ / "oci.tar", ArchiveForm::oci, scratch_ / "s"));
            case Kind::docker_archive:
                return must(ArchiveTarget::create(scratch_ / "docker.tar", ArchiveForm::docker,
                                                  scratch_ / "s"));
        }
        return nullptr;
    }

    std::string content(const Descriptor& descriptor) {
        const auto source = must(target_->fetch(descriptor, {}));
        return must(read_all(*source, 1u << 20));
    }
};

std::string name_of(const testing::TestParamInfo<Kind>& kind) {
    constexpr const char* names[] = {"Layout", "Memory", "OciArchive", "DockerArchive"};
    return names[static_cast<std::size_t>(kind.param)];
}

INSTANTIATE_TEST_SUITE_P(All, TargetContract,
                         testing::Values(Kind::layout, Kind::memory, Kind::oci_archive,
                                         Kind::docker_archive),
                         name_of);

TEST_P(TargetContract, WhatIsPushedCanBeFetched) {
    for (const std::string& text :
         {std::string("hello"), std::string(), std::string(700'000, 'x')}) {
        const Descriptor descriptor = describe("text/plain", text);
        EXPECT_FALSE(must(target_->exists(descriptor, {})));
        put(*target_, "text/plain", text);
        EXPECT_TRUE(must(target_->exists(descriptor, {})));
        EXPECT_EQ(content(descriptor), text);
    }
}

TEST_P(TargetContract, StreamsAreIndependentAndOutliveTheTarget) {
    const Descriptor descriptor = put(*target_, "text/plain", "hello");
    const auto first = must(target_->fetch(descriptor, {}));
    const auto second = must(target_->fetch(descriptor, {}));
    target_.reset();
    EXPECT_EQ(must(read_all(*first, 100)), "hello");
    EXPECT_EQ(must(read_all(*second, 100)), "hello");
}

TEST_P(TargetContract, PushOfOtherContentStoresNothing) {
    const Descriptor hello = describe("text/plain", "hello");
    for (const std::string_view wrong : {"", "hell", "hello ", "hellO"}) {
        MemorySource source(wrong);
        const auto pushed = target_->push(hello, source, {});
        EXPECT_EQ(verdict(pushed), "oci.blob-digest") << wrong;
        EXPECT_EQ(pushed.error().code(), ErrorCode::digest_mismatch);
        EXPECT_FALSE(must(target_->exists(hello, {})));
    }
}

TEST_P(TargetContract, PushOfPresentContentDoesNotReadIt) {
    const Descriptor hello = put(*target_, "text/plain", "hello");
    MemorySource unread(std::string_view("something else"));
    EXPECT_TRUE(target_->push(hello, unread, {}));
    EXPECT_EQ(content(hello), "hello");
}

TEST_P(TargetContract, AnAdoptedFileIsAsIfItHadBeenPushed) {
    const std::string text(700'000, 'y');
    const Descriptor descriptor = describe("text/plain", text);
    {
        const UnnamedFile file = must(UnnamedFile::create(scratch_ / "s"));
        UnnamedFileSink sink(file, "s");
        ASSERT_TRUE(sink.write(as_bytes(text)));
        const bool adopts = GetParam() == Kind::layout
                                ? UnnamedFile::can_be_published_from(scratch_ / "s")
                                : GetParam() != Kind::memory;
        EXPECT_EQ(must(target_->adopt(descriptor, file, {})), adopts);
        EXPECT_EQ(must(target_->exists(descriptor, {})), adopts);
        if (!adopts) {
            return;
        }
        EXPECT_TRUE(must(target_->adopt(descriptor, file, {})));  // as push() of present content
    }
    EXPECT_EQ(content(descriptor), text);
    EXPECT_TRUE(target_->tag(descriptor, "t", {}));
}

TEST_P(TargetContract, MissingContentIsNotFoundAndNamed) {
    const Descriptor absent = describe("text/plain", "absent");
    const auto fetched = target_->fetch(absent, {});
    ASSERT_FALSE(fetched);
    EXPECT_EQ(fetched.error().code(), ErrorCode::not_found);
    EXPECT_NE(fetched.error().message().find(absent.digest.to_string()), std::string::npos);
    EXPECT_EQ(target_->tag(absent, "t", {}).error().code(), ErrorCode::not_found);
}

TEST_P(TargetContract, SizeIsPartOfTheIdentity) {
    Descriptor wrong_size = put(*target_, "text/plain", "hello");
    wrong_size.size = 4;
    EXPECT_FALSE(must(target_->exists(wrong_size, {})));
    const auto source = must(target_->fetch(wrong_size, {}));
    EXPECT_EQ(verdict(read_all(*source, 100)), "oci.blob-digest");
}

TEST_P(TargetContract, TagsAreFoundByNameAndDigest) {
    const Descriptor a = put(*target_, media_type::oci_manifest, "a");
    const Descriptor b = put(*target_, media_type::oci_manifest, "b");
    must(target_->tag(a, "one", {}));
    must(target_->tag(a, "two", {}));
    must(target_->tag(b, "v1.0-rc_1", {}));
    EXPECT_EQ(must(target_->tags({})), (std::vector<std::string>{"one", "two", "v1.0-rc_1"}));
    EXPECT_EQ(must(target_->find("one", {})).at(0).digest, a.digest);
    EXPECT_EQ(must(target_->find(a.digest.to_string(), {})).size(), 2u);
    EXPECT_EQ(must(target_->find("", {})).size(), 3u);
    EXPECT_TRUE(must(target_->find("three", {})).empty());
}

TEST_P(TargetContract, ATagMovesToNewContent) {
    const Descriptor a = put(*target_, media_type::oci_manifest, "a");
    const Descriptor b = put(*target_, media_type::oci_manifest, "b");
    must(target_->tag(a, "t", {}));
    must(target_->tag(b, "t", {}));
    const auto found = must(target_->find("t", {}));
    ASSERT_EQ(found.size(), 1u);
    EXPECT_EQ(found[0].digest, b.digest);
    must(target_->tag(b, "t", {}));
    EXPECT_EQ(must(target_->find("", {})).size(), 1u);
}

TEST_P(TargetContract, NamesFollowTheGrammarOfImageSpec) {
    const Descriptor a = put(*target_, media_type::oci_manifest, "a");
    for (const std::string_view name :
         {"", "-a", "a-", "a..b", "a b", "a\n", "../x", "/a", "a/", "a---b", "ü"}) {
        EXPECT_EQ(verdict(target_->tag(a, name, {})), "oci.tag") << name;
    }
    for (const std::string_view name :
         {"latest", "1.0", "a--b", "registry.example/a/b:v1", "a+b", "x@y", "0"}) {
        EXPECT_TRUE(target_->tag(a, name, {})) << name;
    }
}

TEST_P(TargetContract, AStoppedRunDoesNothing) {
    std::stop_source stop;
    stop.request_stop();
    const RunContext run{.stop = stop.get_token()};
    const Descriptor hello = describe("text/plain", "hello");
    MemorySource source(std::string_view("hello"));
    EXPECT_EQ(target_->push(hello, source, run).error().code(), ErrorCode::cancelled);
    EXPECT_FALSE(must(target_->exists(hello, {})));
}

TEST_P(TargetContract, ConcurrentWritersLoseNothing) {
    constexpr int writers = 8;
    {
        std::vector<std::jthread> threads;
        for (int i = 0; i < writers; ++i) {
            threads.emplace_back([&, i] {
                for (int k = 0; k < 5; ++k) {
                    const std::string name = std::to_string(i) + "." + std::to_string(k);
                    must(target_->tag(put(*target_, media_type::oci_manifest, name), name, {}));
                    put(*target_, "text/plain", "the same for all");
                }
            });
        }
    }
    EXPECT_EQ(must(target_->tags({})).size(), writers * 5u);
}

TEST(FetchDocument, IsBoundedBeforeAnythingIsRead) {
    MemoryTarget target;
    const Descriptor hello = put(target, "text/plain", "hello");
    EXPECT_EQ(must(fetch_document(target, hello, 5)), "hello");
    EXPECT_EQ(verdict(fetch_document(target, hello, 4)), "oci.document-size");
    Descriptor huge = hello;
    huge.size = std::uint64_t{1} << 40;
    EXPECT_EQ(verdict(fetch_document(target, huge, 4u << 20)), "oci.document-size");
}

// What only a folder can get wrong.

class LayoutFolder : public testing::Test {
protected:
    TempFolder scratch_;
    fs::path root_ = scratch_ / "layout";

    fs::path blob(const Descriptor& descriptor) const {
        return root_ / "blobs" / "sha256" / descriptor.digest.hex();
    }
    std::set<std::string> names(const fs::path& folder) const {
        std::set<std::string> result;
        for (const auto& item : fs::directory_iterator(folder)) {
            result.insert(item.path().filename().string());
        }
        return result;
    }
};

TEST_F(LayoutFolder, HoldsExactlyWhatImageSpecNames) {
    const auto target = must(LayoutTarget::open_or_create(root_));
    EXPECT_EQ(slurp(root_ / "oci-layout"), R"({"imageLayoutVersion":"1.0.0"})");
    const Descriptor a = put(*target, media_type::oci_manifest, "a");
    EXPECT_FALSE(fs::exists(root_ / "index.json"));
    must(target->tag(a, "t", {}));
    EXPECT_EQ(names(root_), (std::set<std::string>{"blobs", "index.json", "oci-layout"}));
    EXPECT_EQ(names(root_ / "blobs"), std::set<std::string>{"sha256"});
    EXPECT_EQ(names(root_ / "blobs" / "sha256"), std::set<std::string>{a.digest.hex()});
    EXPECT_EQ(
        slurp(root_ / "index.json"),
        R"({"manifests":[{"annotations":{"org.opencontainers.image.ref.name":"t"},"digest":")" +
            a.digest.to_string() +
            R"(","mediaType":"application/vnd.oci.image.manifest.v1+json","size":1}],)"
            R"("mediaType":"application/vnd.oci.image.index.v1+json","schemaVersion":2})");
}

TEST_F(LayoutFolder, FailedPushLeavesNoFile) {
    const auto target = must(LayoutTarget::open_or_create(root_));
    MemorySource wrong(std::string_view("other"));
    EXPECT_FALSE(target->push(describe("text/plain", "hello"), wrong, {}));
    EXPECT_EQ(names(root_ / "blobs"), std::set<std::string>{"sha256"});
    EXPECT_TRUE(names(root_ / "blobs" / "sha256").empty());
}

TEST_F(LayoutFolder, AdoptsOnlyFilesOfItsFileSystem) {
    struct stat here {};
    struct stat there {};
    if (::stat(scratch_.path().c_str(), &here) != 0 || ::stat("/dev/shm", &there) != 0 ||
        here.st_dev == there.st_dev) {
        GTEST_SKIP() << "no second file system in /dev/shm";
    }
    const UnnamedFile file = must(UnnamedFile::create("/dev/shm"));
    UnnamedFileSink sink(file, "/dev/shm");
    ASSERT_TRUE(sink.write(as_bytes("abc")));
    const Descriptor descriptor = describe("text/plain", "abc");
    const auto layout = must(LayoutTarget::open_or_create(root_));
    EXPECT_FALSE(must(layout->adopt(descriptor, file, {})));
    EXPECT_FALSE(must(layout->exists(descriptor, {})));
}

TEST_F(LayoutFolder, KeepsWhatOthersWroteIntoTheIndex) {
    const auto target = must(LayoutTarget::open_or_create(root_));
    const Descriptor a = put(*target, media_type::oci_manifest, "a");
    std::ofstream(root_ / "index.json")
        << R"({"schemaVersion":2,"x-vendor":{"a":[1,2]},"annotations":{"k":"v"},"manifests":[)"
        << R"({"mediaType":"a/unknown","digest":")" << a.digest.to_string()
        << R"(","size":1,"x":true}]})";
    must(target->tag(a, "t", {}));
    const auto document = must(json::parse(slurp(root_ / "index.json")));
    EXPECT_EQ(json::to_canonical(*document.find("x-vendor")), R"({"a":[1,2]})");
    EXPECT_EQ(json::to_canonical(*document.find("annotations")), R"({"k":"v"})");
    EXPECT_NE(document.find("manifests")->as_array()->at(0).find("x"), nullptr);
    EXPECT_EQ(document.find("manifests")->as_array()->size(), 2u);
}

TEST_F(LayoutFolder, RetaggingTheSameDoesNotTouchTheFile) {
    const auto target = must(LayoutTarget::open_or_create(root_));
    const Descriptor a = put(*target, media_type::oci_manifest, "a");
    must(target->tag(a, "t", {}));
    struct stat before {};
    struct stat after {};
    ASSERT_EQ(stat((root_ / "index.json").c_str(), &before), 0);
    must(target->tag(a, "t", {}));
    ASSERT_EQ(stat((root_ / "index.json").c_str(), &after), 0);
    EXPECT_EQ(before.st_ino, after.st_ino);
}

TEST_F(LayoutFolder, OfForeignContentIsNotTakenOver) {
    scratch_.write("layout/precious.txt", "data");
    EXPECT_EQ(verdict(LayoutTarget::open_or_create(root_)), "oci.not-a-layout");
    EXPECT_EQ(names(root_), std::set<std::string>{"precious.txt"});
    EXPECT_EQ(LayoutTarget::open(root_).error().code(), ErrorCode::not_found);
    EXPECT_EQ(LayoutTarget::open(scratch_ / "absent").error().code(), ErrorCode::not_found);
    EXPECT_FALSE(fs::exists(scratch_ / "absent"));
}

TEST_F(LayoutFolder, LeftByAKilledWriterIsGoneOnWith) {
    scratch_.write("layout/.oci-layout.0123456789abcdef.tmp", "{");  // before its first rename
    const auto target = must(LayoutTarget::open_or_create(root_));
    scratch_.write("layout/blobs/.blob.0123456789abcdef.tmp", "half");
    scratch_.write("layout/blobs/.blob.fedcba9876543210.tmp", "somebody is writing this");
    scratch_.write("layout/.index.json.0123456789abcdef.tmp", "{");
    for (const char* const old :
         {".oci-layout.0123456789abcdef.tmp", "blobs/.blob.0123456789abcdef.tmp"}) {
        fs::last_write_time(root_ / old, fs::file_time_type::clock::now() - std::chrono::hours(25));
    }
    const Descriptor a = put(*target, media_type::oci_manifest, "a");
    must(target->tag(a, "t", {}));
    EXPECT_EQ(must(must(LayoutTarget::open_or_create(root_))->tags({})).size(), 1u);
    // The index had one writer, who had the lock; of other files nobody knows for a day.
    EXPECT_EQ(names(root_), (std::set<std::string>{"blobs", "index.json", "oci-layout"}));
    EXPECT_EQ(names(root_ / "blobs"),
              (std::set<std::string>{"sha256", ".blob.fedcba9876543210.tmp"}));
}

TEST_F(LayoutFolder, VersionAndDocumentsAreChecked) {
    const std::pair<const char*, const char*> rows[] = {
        {R"({"imageLayoutVersion":"1.0.0"})", "ok"},
        {R"({"imageLayoutVersion":"1.1.0"})", "ok"},
        {R"({"imageLayoutVersion":"2.0.0"})", "oci.layout-version"},
        {R"({"imageLayoutVersion":2})", "parse_error"},
        {R"({})", "parse_error"},
        {"", "json.malformed"},
    };
    for (const auto& [text, expected] : rows) {
        scratch_.write("layout/oci-layout", text);
        EXPECT_EQ(verdict(LayoutTarget::open(root_)), expected) << text;
    }
    scratch_.write("layout/oci-layout", R"({"imageLayoutVersion":"1.0.0"})");
    const auto target = must(LayoutTarget::open(root_));
    scratch_.write("layout/index.json", R"({"schemaVersion":2,"manifests":[],"layers":[]})");
    EXPECT_EQ(verdict(target->find("", {})), "oci.ambiguous-document");
    scratch_.write("layout/index.json", std::string((4u << 20) + 1, ' '));
    EXPECT_EQ(target->find("", {}).error().code(), ErrorCode::limit_exceeded);
}

TEST_F(LayoutFolder, AForgedFileIsNeverFollowed) {
    const auto target = must(LayoutTarget::open_or_create(root_));
    const Descriptor a = put(*target, media_type::oci_manifest, "a");
    must(target->tag(a, "t", {}));
    const fs::path outside = scratch_.write("outside", "a");  // even with the right content

    fs::remove(blob(a));
    fs::create_symlink(outside, blob(a));
    EXPECT_FALSE(must(target->exists(a, {})));
    EXPECT_EQ(verdict(target->fetch(a, {})), "oci.layout-file");
    fs::remove(blob(a));
    fs::create_directory(blob(a));
    EXPECT_EQ(verdict(target->fetch(a, {})), "oci.layout-file");
    fs::remove(blob(a));
    ASSERT_EQ(mkfifo(blob(a).c_str(), 0600), 0);
    EXPECT_EQ(verdict(target->fetch(a, {})), "oci.layout-file");

    const std::string index = slurp(root_ / "index.json");
    scratch_.write("outside", index);
    fs::remove(root_ / "index.json");
    fs::create_symlink(outside, root_ / "index.json");
    EXPECT_EQ(verdict(target->find("", {})), "oci.layout-file");

    fs::remove_all(root_ / "blobs");
    fs::create_directories(scratch_ / "elsewhere/sha256");
    fs::create_directory_symlink(scratch_ / "elsewhere", root_ / "blobs");
    MemorySource source(std::string_view("b"));
    EXPECT_FALSE(target->push(describe("text/plain", "b"), source, {}));
    EXPECT_TRUE(names(scratch_ / "elsewhere/sha256").empty());
}

TEST_F(LayoutFolder, EveryDamageOfABlobIsNoticed) {
    const auto target = must(LayoutTarget::open_or_create(root_));
    const std::string good(300'000, 'g');
    const Descriptor descriptor = put(*target, "text/plain", good);
    std::string flipped = good;
    flipped[123'456] = static_cast<char>(flipped[123'456] ^ 1);
    for (const std::string& damaged :
         {flipped, good + '\0', good.substr(1), 'x' + good, std::string()}) {
        std::ofstream(blob(descriptor), std::ios::binary) << damaged;
        const auto source = must(target->fetch(descriptor, {}));
        const auto text = read_all(*source, 1u << 20);
        ASSERT_EQ(verdict(text), "oci.blob-digest") << damaged.size();
        EXPECT_EQ(text.error().code(), ErrorCode::digest_mismatch);
        EXPECT_NE(text.error().render().find(descriptor.digest.to_string()), std::string::npos);
        EXPECT_NE(text.error().path().find(descriptor.digest.hex()), std::string::npos);
    }
    // A blob of the wrong size is repaired by the next push.
    put(*target, "text/plain", good);
    EXPECT_EQ(slurp(blob(descriptor)), good);
}

/// Runs `work` in a process of its own; its wait status.
template <class Work>
int in_child(const Work& work) {
    const pid_t child = fork();
    if (child == 0) {
        work();
        _exit(0);
    }
    int status = -1;
    EXPECT_EQ(waitpid(child, &status, 0), child);
    return status;
}

/// Kills the process after a number of reads.
class DeadlySource final : public ByteSource {
public:
    DeadlySource(std::string text, int reads) : text_(std::move(text)), reads_(reads) {}
    Result<std::size_t> read(std::span<std::byte> into) override {
        if (reads_-- == 0) {
            kill(getpid(), SIGKILL);
        }
        return bytes_.read(into.first(std::min<std::size_t>(into.size(), 1000)));
    }

private:
    std::string text_;
    MemorySource bytes_{std::string_view(text_)};
    int reads_;
};

TEST_F(LayoutFolder, AWriterThatIsKilledChangesNothing) {
    const auto target = must(LayoutTarget::open_or_create(root_));
    const Descriptor old = put(*target, media_type::oci_manifest, "old");
    must(target->tag(old, "t", {}));
    const std::string index = slurp(root_ / "index.json");
    const std::string text(3500, 'x');
    const Descriptor descriptor = describe(media_type::oci_manifest, text);
    for (int reads = 0; reads < 5; ++reads) {
        const int status = in_child([&] {
            DeadlySource source(text, reads);
            must(target->push(descriptor, source, {}));
        });
        ASSERT_TRUE(WIFSIGNALED(status));
        EXPECT_FALSE(must(target->exists(descriptor, {})));
        EXPECT_EQ(names(root_ / "blobs" / "sha256"), std::set<std::string>{old.digest.hex()});
        EXPECT_EQ(slurp(root_ / "index.json"), index);
    }
    must(target->tag(put(*target, media_type::oci_manifest, text), "t", {}));
    EXPECT_EQ(must(target->find("t", {})).at(0).digest, descriptor.digest);
}

TEST_F(LayoutFolder, ProcessesThatWriteAtOnceLoseNothing) {
    must(LayoutTarget::open_or_create(root_));
    constexpr int writers = 4;
    std::vector<pid_t> children;
    for (int i = 0; i < writers; ++i) {
        const pid_t child = fork();
        if (child == 0) {
            const auto target = LayoutTarget::open(root_);
            bool good = target.has_value();
            for (int k = 0; good && k < 10; ++k) {
                const std::string name = std::to_string(i) + "." + std::to_string(k);
                const Descriptor descriptor = describe(media_type::oci_manifest, name);
                MemorySource source{std::string_view(name)};
                good =
                    (*target)->push(descriptor, source, {}) && (*target)->tag(descriptor, name, {});
            }
            _exit(good ? 0 : 1);
        }
        children.push_back(child);
    }
    for (const pid_t child : children) {
        int status = -1;
        EXPECT_EQ(waitpid(child, &status, 0), child);
        EXPECT_EQ(status, 0);
    }
    EXPECT_EQ(must(must(LayoutTarget::open(root_))->tags({})).size(), writers * 10u);
}

}  // namespace
}  // namespace envpack::oci
