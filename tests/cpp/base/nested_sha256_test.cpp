#include "envpack/base/nested_sha256.hpp"

#include "envpack/base/file.hpp"

#include <array>
#include <cstddef>
#include <memory>
#include <random>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

namespace envpack {
namespace {

std::vector<std::byte> noise(std::size_t size, std::mt19937& random) {
    std::vector<std::byte> bytes(size);
    for (std::byte& byte : bytes) {
        byte = static_cast<std::byte>(random());
    }
    return bytes;
}

/// In pieces of up to `most` bytes.
void feed(NestedSha256& hash, std::span<const std::byte> data, std::size_t most,
          std::mt19937& random) {
    while (!data.empty()) {
        const auto now = data.first(std::min(data.size(), 1 + random() % most));
        hash.update(now);
        data = data.subspan(now.size());
    }
}

// Digest::of() is OpenSSL's EVP, of which this is another way.
TEST(NestedSha256, AgreesWithDigestsOfWholeAndParts) {
    std::mt19937 random(20);
    for (const std::size_t before : {0U, 1U, 55U, 56U, 63U, 64U, 100U, 512U, 1024U}) {
        for (const std::size_t size : {0U, 1U, 55U, 63U, 64U, 65U, 119U, 128U, 4000U, 70000U}) {
            for (const std::size_t most : {1U, 64U, 333U, 100000U}) {
                const auto data = noise(before + size + 77, random);
                const std::span<const std::byte> bytes(data);
                NestedSha256 hash;
                feed(hash, bytes.first(before), most, random);
                hash.begin_part();
                feed(hash, bytes.subspan(before, size), most, random);
                EXPECT_EQ(hash.finish_part(), Digest::of(bytes.subspan(before, size)))
                    << before << " before a part of " << size << ", by " << most;
                feed(hash, bytes.subspan(before + size), most, random);
                EXPECT_EQ(std::move(hash).finish().all, Digest::of(bytes))
                    << before << " before a part of " << size << ", by " << most;
            }
        }
    }
}

TEST(NestedSha256, HasManyPartsAsATarHasFiles) {
    std::mt19937 random(21);
    NestedSha256 hash;
    std::vector<std::byte> all;
    for (int file = 0; file < 300; ++file) {
        const auto header = noise(512, random);
        const auto content = noise(random() % 3000, random);
        const std::vector<std::byte> padding((512 - content.size() % 512) % 512);
        hash.update(header);
        hash.begin_part();
        hash.update(content);
        EXPECT_EQ(hash.finish_part(), Digest::of(content));
        hash.update(padding);
        for (const auto* part : {&header, &content, &padding}) {
            all.insert(all.end(), part->begin(), part->end());
        }
    }
    EXPECT_EQ(std::move(hash).finish().all, Digest::of(all));
}

// What a layer does: pieces of the blob come while a piece of the tar is deferred, before or behind
// it, more of them or fewer, and no boundary of blocks is where another one is.
TEST(NestedSha256, HashesASecondStreamBesideTheFirst) {
    std::mt19937 random(22);
    for (int round = 0; round < 200; ++round) {
        const auto tar = noise(random() % 20000, random);
        const auto blob = noise(random() % 20000, random);
        const std::span<const std::byte> all(tar);
        const std::span<const std::byte> beside(blob);
        // A file begins at a multiple of the block size in a tar; one in four does not here.
        const std::size_t anywhere = random() % (all.size() + 1);
        const std::size_t begin = round % 4 == 0 ? anywhere : anywhere - anywhere % 64;
        const std::size_t end = begin + random() % (all.size() - begin + 1);
        const std::size_t most = 1U << (random() % 14);
        std::size_t at = 0;
        std::size_t at_beside = 0;
        NestedSha256 hash;
        const auto some_beside = [&] {
            const std::size_t size = std::min(random() % most, beside.size() - at_beside);
            hash.update_beside(beside.subspan(at_beside, size));
            at_beside += size;
        };
        const auto feed_until = [&](std::size_t stop) {
            while (at < stop) {
                const std::size_t size = std::min<std::size_t>(1 + random() % most, stop - at);
                some_beside();
                hash.defer(all.subspan(at, size));
                for (auto pieces = random() % 3; pieces > 0; --pieces) {
                    some_beside();
                }
                hash.settle();
                at += size;
            }
        };
        feed_until(begin);
        hash.begin_part();
        feed_until(end);
        EXPECT_EQ(hash.finish_part(), Digest::of(all.subspan(begin, end - begin)));
        feed_until(all.size());
        hash.update_beside(beside.subspan(at_beside));
        const NestedSha256::Digests digests = std::move(hash).finish();
        EXPECT_EQ(digests.all, Digest::of(all)) << round;
        EXPECT_EQ(digests.beside, Digest::of(beside)) << round;
    }
}

TEST(NestedSha256, HashesTwoFilesAtOnce) {
    std::mt19937 random(23);
    const TemporaryDirectory folder =
        *TemporaryDirectory::create(std::filesystem::temp_directory_path());
    const std::size_t piece = std::size_t{4} << 20;
    for (const auto& [size_a, size_b] : std::vector<std::pair<std::size_t, std::size_t>>{
             {0, 0}, {0, 100}, {63, 64}, {piece, piece + 1}, {3 * piece + 17, 1000}, {1, piece}}) {
        std::vector<Digest> expected;
        std::vector<std::shared_ptr<const MappedFile>> files;
        for (const std::size_t size : {size_a, size_b}) {
            const auto bytes = noise(size, random);
            expected.push_back(Digest::of(bytes));
            const auto path = folder.path() / std::to_string(files.size());
            ASSERT_TRUE(write_file(path, as_text(bytes)));
            files.push_back(*MappedFile::open(path));
        }
        const auto digests = digests_of_two(*files[0], *files[1]);
        ASSERT_TRUE(digests);
        EXPECT_EQ(digests->first, expected[0]) << size_a << " beside " << size_b;
        EXPECT_EQ(digests->second, expected[1]) << size_b << " beside " << size_a;
    }
}

// FIPS 180-4 counts bits in two words; the lower one is full after 512 MiB.
TEST(NestedSha256, CountsMoreThanOneWordHolds) {
    const std::vector<std::byte> zeros(std::size_t{1} << 20);
    NestedSha256 hash;
    Sha256 expected;
    hash.update(std::span(zeros).first(512));
    expected.update(std::span(zeros).first(512));
    hash.begin_part();
    Sha256 part;
    for (int i = 0; i < 513; ++i) {
        hash.update(zeros);
        expected.update(zeros);
        part.update(zeros);
    }
    EXPECT_EQ(hash.finish_part(), std::move(part).finish());
    EXPECT_EQ(std::move(hash).finish().all, std::move(expected).finish());
}

}  // namespace
}  // namespace envpack
