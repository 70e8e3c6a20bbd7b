#include "envpack/env/lock.hpp"

#include <gtest/gtest.h>

namespace envpack::env {
namespace {

packaging::PackageName name(std::string_view text) {
    return *packaging::PackageName::parse(text);
}
packaging::Version version(std::string_view text) {
    return *packaging::Version::parse(text);
}
Digest digest(std::string_view text) {
    return Digest::of(as_bytes(text));
}

LockedFile wheel(const std::string& file) {
    return {.name = file,
            .url = "https://index.example/" + file,
            .size = 1234,
            .upload_time = "2024-03-01T12:00:00.5Z",
            .sha256 = digest(file)};
}

Lock full_lock() {
    Lock lock;
    lock.requires_python = "==3.11.*";
    lock.environments = {"python_version == \"3.11\" and sys_platform == 'linux'"};
    lock.packages = {
        {.name = name("attrs"),
         .version = version("25.1.0"),
         .requires_python = ">=3.8",
         .marker = "sys_platform == \"linux\"",
         .index = "https://index.example/simple/",
         .wheels = {wheel("attrs-25.1.0-py3-none-any.whl")}},
        {.name = name("cattrs"),
         .version = version("1!24.1.2+cu124"),
         .dependencies = {name("attrs"), name("numpy")},
         .wheels = {{.name = "cattrs-1!24.1.2+cu124-cp311-cp311-linux_x86_64.whl",
                     .path = "wheels/c.whl",
                     .sha256 = digest("c")}}},
    };
    lock.origin =
        LockOrigin{.base = "oci:base \"x\"\\y",
                   .base_digest = digest("base").to_string(),
                   .python = "3.11.2",
                   .machine = "x86_64",
                   .libc = "glibc 2.36",
                   .requirements = {"cattrs>=24", "numpy ; python_version < \"4\""},
                   .provided = {{name("distro-info"), "1.1build1"}, {name("numpy"), "1.26.4"}},
                   .replaced = {{name("torch"), "2.3.0a0+6ddf5cf85e.nv24.4"}},
                   .shadowed = {name("pyyaml")},
                   .relaxed = {{name("regex"), "regex==2023.1", "transformers needs regex>=2024"}},
                   .torch_index = LockedTorchIndex{.suffix = "cu126",
                                                   .url = "https://host.example/whl/cu126",
                                                   .reason = "it fits",
                                                   .dropped = {"cu130: it does not"}},
                   .cuda_packages = {{.name = name("jax"),
                                      .requirement = "jax[cuda12]",
                                      .limits = {"jax>=0.4.26"},
                                      .index = "https://host.example/jax",
                                      .reason = "for the wanted CUDA",
                                      .dropped = {"jax[cuda13]: another major version"}}}};
    return lock;
}

TEST(Lock, IsWrittenInTheOrderOfPep751) {
    Lock lock = full_lock();
    lock.packages.pop_back();
    EXPECT_EQ(
        lock.to_toml(),
        "lock-version = \"1.0\"\n"
        "environments = [\n"
        "    \"python_version == \\\"3.11\\\" and sys_platform == 'linux'\",\n"
        "]\n"
        "requires-python = \"==3.11.*\"\n"
        "created-by = \"envpack\"\n"
        "\n"
        "[[packages]]\n"
        "name = \"attrs\"\n"
        "version = \"25.1.0\"\n"
        "marker = \"sys_platform == \\\"linux\\\"\"\n"
        "requires-python = \">=3.8\"\n"
        "index = \"https://index.example/simple/\"\n"
        "wheels = [\n"
        "    {name = \"attrs-25.1.0-py3-none-any.whl\", upload-time = 2024-03-01T12:00:00.5Z, "
        "url = \"https://index.example/attrs-25.1.0-py3-none-any.whl\", size = 1234, "
        "hashes = {sha256 = \"" +
            digest("attrs-25.1.0-py3-none-any.whl").hex() +
            "\"}},\n"
            "]\n"
            "\n"
            "[tool.envpack]\n"
            "requirements = [\n"
            "    \"cattrs>=24\",\n"
            "    \"numpy ; python_version < \\\"4\\\"\",\n"
            "]\n"
            "shadowed = [\n"
            "    \"pyyaml\",\n"
            "]\n"
            "\n"
            "[tool.envpack.base]\n"
            "source = \"oci:base \\\"x\\\"\\\\y\"\n"
            "digest = \"" +
            digest("base").to_string() +
            "\"\n"
            "\n"
            "[tool.envpack.target]\n"
            "implementation = \"cpython\"\n"
            "python = \"3.11.2\"\n"
            "machine = \"x86_64\"\n"
            "libc = \"glibc 2.36\"\n"
            "\n"
            "[tool.envpack.provided]\n"
            "distro-info = \"1.1build1\"\n"
            "numpy = \"1.26.4\"\n"
            "\n"
            "[tool.envpack.replaced]\n"
            "torch = \"2.3.0a0+6ddf5cf85e.nv24.4\"\n"
            "\n"
            "[[tool.envpack.relaxed]]\n"
            "name = \"regex\"\n"
            "pin = \"regex==2023.1\"\n"
            "because = \"transformers needs regex>=2024\"\n"
            "\n"
            "[tool.envpack.cuda]\n"
            "suffix = \"cu126\"\n"
            "index = \"https://host.example/whl/cu126\"\n"
            "reason = \"it fits\"\n"
            "dropped = [\n"
            "    \"cu130: it does not\",\n"
            "]\n"
            "\n"
            "[[tool.envpack.cuda-packages]]\n"
            "name = \"jax\"\n"
            "requirement = \"jax[cuda12]\"\n"
            "limits = [\n"
            "    \"jax>=0.4.26\",\n"
            "]\n"
            "index = \"https://host.example/jax\"\n"
            "reason = \"for the wanted CUDA\"\n"
            "dropped = [\n"
            "    \"jax[cuda13]: another major version\",\n"
            "]\n");
}

TEST(Lock, ReadsBackWhatItWrites) {
    Lock direct;
    direct.created_by = "somebody";
    direct.extras = {"x"};
    direct.dependency_groups = {"dev"};
    direct.default_groups = {"dev"};
    direct.packages = {
        {.name = name("a"),
         .archive = LockedArchive{{.name = "a.zip", .path = "a.zip", .sha256 = digest("a")}, "py"}},
        {.name = name("b"), .directory = LockedDirectory{"sub/b", true, ""}},
        {.name = name("c"),
         .vcs = LockedVcs{"git", "ssh://git@example.org/c", "", "main", "abc", "py"}},
        {.name = name("d"),
         .version = version("1.0"),
         .sdist =
             LockedFile{
                 .name = "d-1.0.tar.gz", .url = "file:///srv/d-1.0.tar.gz", .sha256 = digest("d")}},
    };
    for (const Lock& lock : {full_lock(), direct, Lock()}) {
        const auto again = Lock::parse(lock.to_toml());
        ASSERT_TRUE(again) << again.error().render() << lock.to_toml();
        EXPECT_EQ(*again, lock) << lock.to_toml();
        EXPECT_EQ(again->to_toml(), lock.to_toml());
    }
}

TEST(Lock, OrderOfPackagesDoesNotShow) {
    Lock lock = full_lock();
    std::swap(lock.packages[0], lock.packages[1]);
    EXPECT_EQ(lock.to_toml(), full_lock().to_toml());
}

/// A lock whose single package has the given keys.
std::string lock_with(const std::string& keys,
                      const std::string& front = "lock-version = \"1.0\"") {
    return front + "\ncreated-by = \"x\"\n[[packages]]\nname = \"a\"\nversion = \"1.0\"\n" + keys +
           "\n";
}

std::string wheels(const std::string& keys) {
    return "wheels = [{" + keys + "}]";
}

const std::string hash = "hashes = {sha256 = \"" + std::string(64, 'a') + "\"}";
const std::string good = "name = \"a-1.0-py3-none-any.whl\", ";

TEST(Lock, AcceptsForeignLocks) {
    const std::string locks[] = {
        lock_with(wheels("url = \"https://e.example/x/a-1.0-py3-none-any.whl?x#y\", " + hash)),
        lock_with(wheels("path = \"./w/a-1.0-py3-none-any.whl\", " + hash)),
        lock_with(wheels(good + "url = \"file:///w/a.whl\", " + hash)),
        lock_with(wheels(good + "url = \"https://e.example/x\", " + hash),
                  "lock-version = \"1.7\"\nunknown = 3"),
        lock_with(wheels(good +
                         "url = \"https://e.example/x\", hashes = {md5 = \"0\", sha256 = \"" +
                         std::string(64, 'B') + "\"}")),
        lock_with("attestation-identities = [{kind = \"x\"}]\ntool.other.x = 1\n" +
                  wheels(good +
                         "url = \"https://e.example/x\", upload-time = 2024-01-01T00:00:00Z, " +
                         hash)),
        lock_with("directory = {path = \".\"}"),
        "lock-version = \"1.0\"\ncreated-by = \"x\"\npackages = []\n[tool.other]\nx = 1\n",
    };
    for (const std::string& text : locks) {
        const auto lock = Lock::parse(text);
        ASSERT_TRUE(lock) << text << lock.error().render();
        EXPECT_FALSE(lock->origin) << text;
        EXPECT_EQ(Lock::parse(lock->to_toml()).value(), *lock) << text;
    }
}

TEST(Lock, RefusesWithARule) {
    struct Row {
        std::string text;
        const char* rule;
    };
    const auto with_url = [](const std::string& url) {
        return lock_with(wheels(good + "url = \"" + url + "\", " + hash));
    };
    const auto with_path = [](const std::string& path) {
        return lock_with(wheels(good + "path = \"" + path + "\", " + hash));
    };
    const Row rows[] = {
        {"", "lock.missing-key"},
        {"lock-version = \"1.0\"\ncreated-by = \"x\"\n", "lock.missing-key"},
        {"lock-version = \"1.0\"\npackages = []\n", "lock.missing-key"},
        {"lock-version = \"2.0\"\ncreated-by = \"x\"\npackages = []\n", "lock.version"},
        {"lock-version = \"0.9\"\ncreated-by = \"x\"\npackages = []\n", "lock.version"},
        {"lock-version = \"one\"\ncreated-by = \"x\"\npackages = []\n", "lock.version"},
        {"lock-version = 1\ncreated-by = \"x\"\npackages = []\n", "lock.type"},
        {"lock-version = \"1.0\"\ncreated-by = \"x\"\npackages = {}\n", "lock.type"},
        {"lock-version = \"1.0\"\ncreated-by = \"x\"\npackages = [1]\n", "lock.type"},
        {"not toml", "toml.malformed"},
        {with_path("../../etc/a-1.0-py3-none-any.whl"), "lock.path-escape"},
        {with_path("/etc/a-1.0-py3-none-any.whl"), "lock.path-escape"},
        {with_path("w/../../a-1.0-py3-none-any.whl"), "lock.path-escape"},
        {with_path("..\\\\a-1.0-py3-none-any.whl"), "lock.path-escape"},
        {with_path("C:/a-1.0-py3-none-any.whl"), "lock.path-escape"},
        {lock_with("directory = {path = \"../x\"}"), "lock.path-escape"},
        {lock_with("directory = {path = \"x\", subdirectory = \"../../y\"}"), "lock.path-escape"},
        {with_url("ftp://e.example/a.whl"), "lock.url"},
        {with_url("javascript:alert(1)"), "lock.url"},
        {with_url("//e.example/a.whl"), "lock.url"},
        {with_url("https:///a.whl"), "lock.url"},
        {with_url("https://e.example/a b.whl"), "lock.url"},
        {with_url("file://other.example/a.whl"), "lock.url"},
        {lock_with(wheels(good + "url = \"https://e.example/x\"")), "lock.missing-key"},
        {lock_with(wheels(good + "url = \"https://e.example/x\", hashes = {md5 = \"0\"}")),
         "lock.hash"},
        {lock_with(wheels(good + "url = \"https://e.example/x\", hashes = {sha256 = \"0\"}")),
         "lock.hash"},
        {lock_with(wheels(good + hash)), "lock.missing-key"},
        {lock_with(
             wheels("name = \"b-1.0-py3-none-any.whl\", url = \"https://e.example/x\", " + hash)),
         "lock.file-name"},
        {lock_with(
             wheels("name = \"a-2.0-py3-none-any.whl\", url = \"https://e.example/x\", " + hash)),
         "lock.file-name"},
        {lock_with(wheels("name = \"../a-1.0-py3-none-any.whl\", url = \"https://e.example/x\", " +
                          hash)),
         "lock.file-name"},
        {lock_with(wheels("url = \"https://e.example/x/..%2fa-1.0-py3-none-any.whl\", " + hash)),
         "lock.file-name"},
        {lock_with(wheels(good + "url = \"https://e.example/x\", size = -1, " + hash)),
         "lock.type"},
        {lock_with(wheels(good + "url = \"https://e.example/x\", upload-time = \"now\", " + hash)),
         "lock.type"},
        {lock_with(""), "lock.source"},
        {lock_with(
             "directory = {path = \"x\"}\nvcs = {type = \"git\", url = \"https://e.example/x\", "
             "commit-id = \"a\"}"),
         "lock.source"},
        {lock_with("vcs = {type = \"git\", url = \"https://e.example/x\"}"), "lock.missing-key"},
        {lock_with("marker = \"nonsense\"\ndirectory = {path = \"x\"}"), "lock.value"},
        {lock_with("requires-python = \"nonsense\"\ndirectory = {path = \"x\"}"), "lock.value"},
        {"lock-version = \"1.0\"\ncreated-by = \"x\"\nenvironments = [\"nonsense\"]\npackages = "
         "[]\n",
         "lock.value"},
    };
    for (const Row& row : rows) {
        const auto lock = Lock::parse(row.text);
        ASSERT_FALSE(lock) << row.text;
        EXPECT_EQ(lock.error().rule(), row.rule) << row.text << lock.error().render();
    }
}

TEST(Lock, UploadTimesHaveOneSpelling) {
    struct Row {
        const char* text;
        const char* expected;  ///< empty: refused
    };
    const Row rows[] = {
        {"2024-03-01T12:00:00Z", "2024-03-01T12:00:00Z"},
        {"2024-03-01T12:00:00.678900Z", "2024-03-01T12:00:00.6789Z"},
        {"2024-03-01 12:00:00.000000+00:00", "2024-03-01T12:00:00Z"},
        {"2024-03-01T12:00:00", ""},
        {"2024-03-01T12:00:00+01:00", ""},
        {"2024-13-01T12:00:00Z", ""},
        {"2024-00-01T12:00:00Z", ""},
        {"2024-03-01T12:00:00Z\"", ""},
        {"", ""},
    };
    for (const Row& row : rows) {
        EXPECT_EQ(normalize_upload_time(row.text).value_or(""), row.expected) << row.text;
    }
}

TEST(Lock, FileNamesArePylock) {
    for (const char* const good_name : {"pylock.toml", "pylock.gpu.toml"}) {
        EXPECT_TRUE(is_lock_file_name(good_name)) << good_name;
    }
    for (const char* const bad : {"", "lock.toml", "pylock..toml", "pylock.a.b.toml",
                                  "xpylock.toml", "pylock.toml.x", "pylock.a/b.toml"}) {
        EXPECT_FALSE(is_lock_file_name(bad)) << bad;
    }
}

}  // namespace
}  // namespace envpack::env
