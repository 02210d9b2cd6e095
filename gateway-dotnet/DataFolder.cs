// The folder in which the embedded backend keeps its entries, locked for this process. The lock is the operating
// system's, on an open file: it goes with the process, however that ends.

namespace AzureCache.Gateway;

internal sealed class DataFolder : IDisposable
{
    private const string LockFile = "azurecache.lock";

    /// <summary>Beside the lock, because a locked file cannot be read.</summary>
    private const string OwnerFile = "azurecache.pid";

    /// <summary>One page of the log of writes takes so much, and without one nothing can be kept.</summary>
    private const long LeastFreeBytes = 16 << 20;

    private readonly FileStream held;

    private DataFolder(string path, FileStream held) => (Path, this.held) = (path, held);

    public string Path { get; }

    /// <summary>Makes the folder if there is none, and locks it.</summary>
    /// <exception cref="OptionsException">another process has it, or it cannot be written to</exception>
    public static DataFolder Lock(string path)
    {
        FileStream? held = null;
        var locked = false;
        try
        {
            path = System.IO.Path.GetFullPath(path);
            if (OperatingSystem.IsWindows()) Directory.CreateDirectory(path);
            else Directory.CreateDirectory(path, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
            var lockPath = System.IO.Path.Combine(path, LockFile);
            held = Open(lockPath) ?? throw new OptionsException(
                $"The folder AZURE_CACHE_DATA_DIR is in use by another sidecar{Owner(path)}. Stop that one, or use another folder.",
                "data_dir_in_use");
            RefuseFullDisk(path);
            File.WriteAllText(System.IO.Path.Combine(path, OwnerFile), $"{Environment.ProcessId}\n");
            locked = true;
            return new DataFolder(path, held);
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException or ArgumentException or NotSupportedException)
        {
            if (IsFull(failure)) throw Full();
            throw new OptionsException(
                $"The folder AZURE_CACHE_DATA_DIR cannot be written to ({failure.GetType().Name}). Check the path, its owner and its mode.");
        }
        finally
        {
            if (!locked) held?.Dispose();
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

    /// <exception cref="OptionsException">there is no room for a page; a file system that does not know its size is believed</exception>
    private static void RefuseFullDisk(string path)
    {
        var disk = new DriveInfo(path);
        if (disk.TotalSize > 0 && disk.AvailableFreeSpace < LeastFreeBytes) throw Full();
    }

    private static OptionsException Full() =>
        new("The disk that the folder AZURE_CACHE_DATA_DIR is on is full (under 16 MiB are left). Free some space, or use a folder elsewhere.");

    /// <summary>ERROR_DISK_FULL of Windows, ENOSPC and EDQUOT of Linux and of macOS.</summary>
    private static bool IsFull(Exception failure) => OperatingSystem.IsWindows()
        ? failure.HResult == unchecked((int)0x80070070)
        : failure.HResult == 28 || failure.HResult == (OperatingSystem.IsMacOS() ? 69 : 122);

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
