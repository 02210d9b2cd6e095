// The lock on the folder of the embedded backend.

using Xunit;

namespace AzureCache.Gateway.Tests;

public sealed class DataFolderTests : IDisposable
{
    private readonly string path = Directory.CreateTempSubdirectory("azurecache-").FullName;

    public void Dispose() => Directory.Delete(path, recursive: true);

    [Fact]
    public void A_folder_is_held_by_one_and_free_when_that_one_lets_go()
    {
        using (DataFolder.Lock(path))
        {
            var refused = Assert.Throws<OptionsException>(() => DataFolder.Lock(path));
            Assert.Equal("data_dir_in_use", refused.Code);
            Assert.Contains($"process {Environment.ProcessId}", refused.Message, StringComparison.Ordinal);
        }
        DataFolder.Lock(path).Dispose();
    }

    [Fact]
    public void A_refused_second_does_not_free_the_folder()
    {
        using var first = DataFolder.Lock(path);
        for (var i = 0; i < 2; i++) Assert.Throws<OptionsException>(() => DataFolder.Lock(path));
    }

    [Fact]
    public void A_folder_that_is_not_there_is_made_for_its_owner_alone()
    {
        var inside = Path.Combine(path, "not", "yet");
        using var folder = DataFolder.Lock(inside);
        Assert.Equal(inside, folder.Path);
        if (!OperatingSystem.IsWindows())
            Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute, File.GetUnixFileMode(inside));
    }

    [Theory]
    [InlineData("file")]
    [InlineData("file/below")]
    public void A_path_that_cannot_be_a_folder_is_refused_with_what_to_do(string name)
    {
        File.WriteAllText(Path.Combine(path, "file"), "");
        var refused = Assert.Throws<OptionsException>(() => DataFolder.Lock(Path.Combine(path, name)));
        Assert.Equal("config_invalid", refused.Code);
        Assert.Contains("AZURE_CACHE_DATA_DIR", refused.Message, StringComparison.Ordinal);
    }
}
