// The folder in which the embedded backend keeps its entries, locked for this process. The lock is the operating
// system's, on an open file: it goes with the process, however that ends.

namespace AzureCache.Gateway;

internal sealed class DataFolder : IDisposable
{
    private const string LockFile = "azurecache.lock";

    /// <summary>Beside the lock, because a locked file cannot be read.</summary>
    private const string OwnerFile = "azurecache.pid";

    private readonly FileStream held;

    private DataFolder(string path, FileStream held) => (Path, this.held) = (path, held);

    public string Path { get; }

    /// <summary>Makes the folder if there is none, and locks it.</summary>
    /// <exception cref="OptionsException">another process has it, or it cannot be written to</exception>
    public static DataFolder Lock(string path)
    {
        FileStream? held = null;
        try
        {
            path = System.IO.Path.GetFullPath(path);
            if (OperatingSystem.IsWindows()) Directory.CreateDirectory(path);
            else Directory.CreateDirectory(path, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
            var lockPath = System.IO.Path.Combine(path, LockFile);
            held = Open(lockPath) ?? throw new OptionsException(
                $"The folder AZURE_CACHE_DATA_DIR is in use by another sidecar{Owner(path)}. Stop that one, or use another folder.",
                "data_dir_in_use");
            File.WriteAllText(System.IO.Path.Combine(path, OwnerFile), $"{Environment.ProcessId}\n");
            return new DataFolder(path, held);
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException or ArgumentException or NotSupportedException)
        {
            held?.Dispose();
            throw new OptionsException(
                $"The folder AZURE_CACHE_DATA_DIR cannot be written to ({failure.GetType().Name}). Check the path, its owner and its mode.");
        }
    }

    public void Dispose()
    {
        File.Delete(System.IO.Path.Combine(Path, OwnerFile));
        held.Dispose();
    }

    /// <summary>The lock, or null when another process has it.</summary>
    private static FileStream? Open(string lockPath)
    {
        try
        {
            return new FileStream(lockPath, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None);
        }
        catch (IOException) when (File.Exists(lockPath))
        {
            return null;
        }
    }

    private static string Owner(string path)
    {
        try
        {
            return int.TryParse(File.ReadAllText(System.IO.Path.Combine(path, OwnerFile)), out var pid) ? $" (process {pid})" : "";
        }
        catch (IOException)
        {
            return "";
        }
    }
}
